// Words for people who do not see the change: any module, or the server by HX-Trigger, sends "ck:announce" with a text.

const status = document.getElementById("status")
let clearing = 0

document.addEventListener("ck:announce", (event) => {
  if (!status) return
  const words = typeof event.detail === "string" ? event.detail : event.detail?.value
  clearTimeout(clearing)
  // Emptied first, so that the same sentence twice is spoken twice
  status.textContent = ""
  requestAnimationFrame(() => { status.textContent = words ?? "" })
  clearing = setTimeout(() => { status.textContent = "" }, 8000)
})
