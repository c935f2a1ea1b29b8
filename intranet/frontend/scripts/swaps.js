// When htmx brings a fragment: focus goes where the fragment asks, nothing comes twice, and a request that failed says
// so in words.

const problem = document.getElementById("problem")

function advice(request) {
  const seconds = Number(request.getResponseHeader("Retry-After"))
  if (request.status === 429) {
    return `You have done this too many times in a short while. Nothing was changed. Try again in ${seconds || 60} seconds.`
  }
  if (request.status === 403) return "You are not allowed to do this, or your sign-in has ended. Nothing was changed. Reload the page to see what you can do."
  if (request.status === 404) return "This is no longer here. Reload the page to see what is."
  if (request.status === 413) return "That is too large to send. Nothing was changed. Choose something smaller and try again."
  return "The service could not do this. What you typed is still on this page. Try again in a minute."
}

function show(text) {
  if (!problem) return
  problem.textContent = text
  problem.hidden = text === ""
}

document.addEventListener("htmx:responseError", (event) => show(advice(event.detail.xhr)))
document.addEventListener("htmx:sendError", () => {
  show("Your device could not reach the service. What you typed is still on this page. Check your connection and try again.")
})
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) show("")
})
// At the end of a list that was cut stand one's own reply and what came down the socket: they are not added again
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.shouldSwap || !detail.target.matches("[data-more]")) return
  const fresh = document.createElement("template")
  fresh.innerHTML = detail.serverResponse
  for (const item of [...fresh.content.children]) if (item.id && document.getElementById(item.id)) item.remove()
  // The link that was pressed goes: reading goes on with the first of what it brought
  const first = fresh.content.firstElementChild?.firstElementChild
  if (first) first.setAttribute("data-autofocus", "")
  else detail.target.nextElementSibling?.querySelector("a")?.focus()
  detail.serverResponse = fresh.innerHTML
})
document.addEventListener("htmx:afterSettle", (event) => {
  const fragment = event.detail.elt
  const target = fragment.matches("[data-autofocus]") ? fragment : fragment.querySelector("[data-autofocus], .govuk-error-summary")
  if (!target) return
  if (!target.matches("a, button, input, select, textarea, summary, [tabindex]")) target.setAttribute("tabindex", "-1")
  target.focus()
})
