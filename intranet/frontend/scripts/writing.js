// What is wanted only where somebody writes is fetched when the page has come to rest, or as soon as they begin.

function fetchTools() {
  const toolbar = document.querySelector("markdown-toolbar:not(:defined)")
  if (toolbar) import(toolbar.dataset.script).catch((error) => console.error(error))
}

// Safari has no requestIdleCallback
const whenIdle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 500))

document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea")) fetchTools()
})
// For the page itself htmx says so too, long before it has come to rest
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) fetchTools()
})
if (document.readyState === "complete") whenIdle(fetchTools)
else window.addEventListener("load", () => whenIdle(fetchTools))
