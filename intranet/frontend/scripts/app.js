// What every page does beyond plain HTML. Each part stands alone; without any of them the page still works.

import "./announce.js"
import "./forms.js"
import "./govuk.js"
import "./menus.js"
import "./swaps.js"
import "./writing.js"
