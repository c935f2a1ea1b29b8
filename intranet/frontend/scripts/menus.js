// A <details data-menu> closes like a menu: with Escape, or when the reader goes on elsewhere.

function close(menu) {
  if (menu.open) menu.open = false
}

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.activeElement?.closest("details[data-menu][open]")
  if (!menu) return
  close(menu)
  menu.querySelector("summary").focus()
})

for (const name of ["click", "focusin"]) {
  document.addEventListener(name, (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) close(menu)
    }
  })
}
