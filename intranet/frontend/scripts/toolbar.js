// GitHub's Markdown toolbar: an element that begins to work when this has run. writing.js asks for it.

import "@github/markdown-toolbar-element"
