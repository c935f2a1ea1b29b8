// Forms: one submit at a time, and a warning before typed text is lost. The idempotency key in the form is what makes
// a repeat harmless; this only spares people the repeat.

const busy = new WeakSet()

function mark(form, isBusy) {
  if (isBusy) busy.add(form)
  else busy.delete(form)
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    if (isBusy) button.setAttribute("aria-disabled", "true")
    else button.removeAttribute("aria-disabled")
  }
}

function isTyped(form) {
  return [...form.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue)
}

document.addEventListener("submit", (event) => {
  const form = event.target
  // htmx has taken the event over, or a check has refused it; searches may be repeated as often as one likes
  if (event.defaultPrevented || form.method !== "post") return
  if (busy.has(form)) event.preventDefault()
  else mark(form, true)
})

// Forms that htmx sends
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt
  if (!(form instanceof HTMLFormElement) || event.detail.requestConfig.verb === "get") return
  if (busy.has(form)) event.preventDefault()
  else mark(form, true)
})
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt instanceof HTMLFormElement) mark(event.detail.elt, false)
})

// Back from the next page with everything as it was: the form must work again
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => mark(form, false)))

window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard-unsaved]")) {
    if (!busy.has(form) && isTyped(form)) event.preventDefault()
  }
})
