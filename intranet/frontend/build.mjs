// Builds what pages fetch into build/static: one style sheet, htmx, and of our own modules in scripts/, with the third-party
// behaviour from the npm lock that they use, one file for each moment at which it is wanted.

import { copyFile, mkdir, writeFile } from "node:fs/promises"
import path from "node:path"
import { fileURLToPath } from "node:url"

import { build } from "esbuild"
import * as sass from "sass"

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, "../..")
const modules = path.join(root, "node_modules")
const out = path.join(root, "build/static")

// Written over, never removed first: another copy of the service may be serving these files
await mkdir(path.join(out, "css"), { recursive: true })
await mkdir(path.join(out, "js"), { recursive: true })

const { css } = sass.compile(path.join(here, "styles/app.scss"), {
  loadPaths: [modules],
  quietDeps: true,
  style: "compressed",
})
if (css.includes("@font-face")) throw new Error("The style sheet names a font that may only be used on gov.uk.")
await writeFile(path.join(out, "css/app.css"), css)

await build({
  bundle: true,
  // Before the first paint, on every page, on pages with news, and where somebody writes
  entryPoints: ["times", "app", "live", "toolbar"].map((name) => path.join(here, `scripts/${name}.js`)),
  format: "esm",
  minify: true,
  outdir: path.join(out, "js"),
  target: "es2020",
})
await copyFile(path.join(modules, "htmx.org/dist/htmx.min.js"), path.join(out, "js/htmx.min.js"))
