// Times of the last week in words ("5 minutes ago"). The page holds the absolute time, which stays as the tooltip. The
// first paint waits for this: a shorter time afterwards would move the lines below it.

const UNITS = [["minute", 60], ["hour", 3600], ["day", 86400]]
const WEEK = 7 * 86400

// As Intl.RelativeTimeFormat has it, which takes a slow machine a tenth of a second to make
function ago(number, unit) {
  if (number === 1 && unit === "day") return "yesterday"
  return `${number} ${unit}${number === 1 ? "" : "s"} ago`
}

function refresh(root) {
  const now = Date.now()
  for (const time of root.querySelectorAll("time[data-relative]")) {
    time.title ||= time.textContent
    const seconds = (now - Date.parse(time.dateTime)) / 1000
    // The clocks of two machines differ: a little in the future is now
    if (Number.isNaN(seconds) || seconds > WEEK || seconds < -300) {
      if (time.textContent !== time.title) time.textContent = time.title
    } else if (seconds < 60) {
      time.textContent = "now"
    } else {
      const [unit, size] = UNITS.findLast(([, length]) => seconds >= length)
      time.textContent = ago(Math.floor(seconds / size), unit)
    }
  }
}

// On paper "now" would be a lie for ever
window.addEventListener("beforeprint", () => {
  for (const time of document.querySelectorAll("time[data-relative][title]")) time.textContent = time.title
})
window.addEventListener("afterprint", () => refresh(document))

refresh(document)
setInterval(() => refresh(document), 60000)
document.addEventListener("htmx:load", (event) => refresh(event.detail.elt.parentElement ?? event.detail.elt))
document.addEventListener("ck:added", (event) => refresh(event.target))
