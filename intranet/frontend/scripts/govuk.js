// The behaviour of GOV.UK Frontend's components, on the page and in every fragment that htmx brings later.

import { Button, CharacterCount, ErrorSummary, PasswordInput, SkipLink } from "govuk-frontend"

const components = [
  ["govuk-button", Button],
  ["govuk-character-count", CharacterCount],
  ["govuk-error-summary", ErrorSummary],
  ["govuk-password-input", PasswordInput],
  ["govuk-skip-link", SkipLink],
]

function start(root) {
  for (const [name, Component] of components) {
    for (const element of root.querySelectorAll(`[data-module="${name}"]:not([data-${name}-init])`)) {
      try {
        new Component(element)
      } catch (error) {
        console.error(error)
      }
    }
  }
}

// The components look for this class, set by an inline script in GOV.UK's own template: a browser that runs modules has
// all that they need
document.body.classList.add("govuk-frontend-supported")
// In a task of its own: a key pressed meanwhile need not wait for all scripts
setTimeout(() => start(document))
document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement ?? event.detail.elt))
