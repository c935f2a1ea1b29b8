// Live updates: news of the page's stream over the socket, caught up by number after every gap; polled where sockets
// are blocked. Nothing moves what is being read: new posts wait behind a button, other changes happen in place.

const PING = 25_000
const PONG = 10_000
const POLL = 10_000
const IN_USE = 1_000
const HELD_AT_MOST = 5_000
const LONGEST_WAIT = 30_000
const ATTEMPTS_BEFORE_POLLING = 3
// Where everybody is cut off at once, all are not back at once
const SPREAD = 2_000
const TOO_MANY_SOCKETS = 4409
const MOST_NEW = 20
const BLOCKED = "Live updates are blocked here. This page looks for news every 10 seconds."
const OFFLINE = "There is no connection. What you have typed is safe; news will come when the connection is back."
const SIGNED_OUT = "You are signed out. Reload the page to sign in again."
const TOO_MUCH = "A lot has happened: load the newest posts"

const announce = (words) => document.dispatchEvent(new CustomEvent("ck:announce", { detail: words }))
const added = (element) => element.dispatchEvent(new CustomEvent("ck:added", { bubbles: true }))

function elementOf(html) {
  const template = document.createElement("template")
  template.innerHTML = html.trim()
  return template.content.firstElementChild
}

function focusOn(element) {
  element.tabIndex = -1
  element.focus()
}

// Focus in it, words of it selected: whatever takes its place would take these away
function isInUse(element) {
  const selection = getSelection()
  return element.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(element, true))
}

// The wire: hands each message to `take` in order, over the socket or by asking
class Line {
  constructor(stream, at, take, tell) {
    Object.assign(this, { stream, at, take, tell, attempts: 0, inbox: [], sending: 0 })
    window.addEventListener("online", () => this.connect())
    window.addEventListener("offline", () => {
      this.tell(OFFLINE)
      this.drop()
    })
    // The answer to one's own post and the news of it are on their way at once: the answer goes first
    document.addEventListener("htmx:beforeSend", () => this.hold())
    document.addEventListener("htmx:afterRequest", () => this.release())
  }

  connect() {
    clearTimeout(this.retry)
    if (this.socket || this.ended) return
    const scheme = location.protocol === "https:" ? "wss" : "ws"
    const socket = new WebSocket(`${scheme}://${location.host}/ws/live/`)
    this.socket = socket
    socket.addEventListener("open", () => this.say({ type: "hello", stream: this.stream, after: this.at }))
    socket.addEventListener("message", (message) => socket === this.socket && this.hear(JSON.parse(message.data)))
    socket.addEventListener("close", (closed) => socket === this.socket && this.drop(closed.code))
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }

  ping() {
    this.say({ type: "ping" })
    this.silence = setTimeout(() => this.drop(), PONG)
  }

  hear(message) {
    clearTimeout(this.silence)
    if (message.type === "ready") {
      this.attempts = 0
      clearTimeout(this.poller)
      clearInterval(this.pinger)
      this.pinger = setInterval(() => this.ping(), PING)
      this.tell("")
    }
    this.inbox.push(message)
    this.drain()
  }

  hold() {
    this.sending += 1
    clearTimeout(this.holding)
    this.holding = setTimeout(() => { this.sending = 0; this.drain() }, HELD_AT_MOST)
  }

  release() {
    this.sending = Math.max(0, this.sending - 1)
    this.drain()
  }

  drain() {
    while (!this.sending && this.inbox.length) this.settle(this.inbox.shift())
  }

  settle(message) {
    if (message.type === "resync") {
      // Also downwards: the numbers may have begun anew
      this.at = message.at
      this.take(message)
    } else if (message.type === "event") {
      if (message.n <= this.at) return
      this.at = message.n
      this.take(message)
    } else {
      this.at = Math.max(this.at, message.at)
    }
  }

  // Each further attempt waits longer, and never as long as anybody else's: a thousand pages come back one by one
  drop(code) {
    const socket = this.socket
    this.socket = null
    socket?.close()
    // So many pages are open that this one has to ask
    if (code === TOO_MANY_SOCKETS) this.attempts = Math.max(this.attempts, ATTEMPTS_BEFORE_POLLING - 1)
    clearTimeout(this.silence)
    clearInterval(this.pinger)
    clearTimeout(this.retry)
    this.attempts += 1
    if (this.attempts === ATTEMPTS_BEFORE_POLLING) this.poll()
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.attempts) * (0.5 + Math.random())
    this.retry = setTimeout(() => this.connect(), this.attempts === 1 ? SPREAD * Math.random() : wait)
  }

  async poll() {
    clearTimeout(this.poller)
    try {
      const query = new URLSearchParams({ stream: this.stream, after: this.at })
      const answer = await fetch(`/live/?${query}`, { headers: { Accept: "application/json" }, redirect: "manual" })
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        this.ended = true
        return this.tell(SIGNED_OUT)
      }
      if (answer.ok) {
        const news = await answer.json()
        if (news.resync) this.inbox.push({ type: "resync", at: news.at })
        this.inbox.push(...news.events.map((event) => ({ type: "event", ...event })), { type: "polled", at: news.at })
        this.drain()
      }
      if (this.attempts) this.tell(BLOCKED)
    } catch {
      if (this.attempts) this.tell(OFFLINE)
    }
    if (this.attempts >= ATTEMPTS_BEFORE_POLLING) this.poller = setTimeout(() => this.poll(), POLL)
  }
}

// The page: where each event finds its place
class Live {
  constructor(root) {
    this.feed = document.querySelector("[data-live-feed]")
    this.comments = document.querySelector("[data-live-comments]")
    this.state = document.querySelector("[data-live-state]")
    this.button = document.querySelector("[data-live-button] a")
    this.button?.addEventListener("click", (event) => this.show(event))
    // New posts by id, and changes to what is in use by the id of their place
    this.waiting = new Map()
    this.stale = new Map()
    const line = new Line(root.dataset.stream, Number(root.dataset.at), (news) => this.take(news), (words) => this.tell(words))
    line.connect()
  }

  take(news) {
    if (news.type === "resync") return this.resync()
    if (news.kind === "post-created") return this.newPost(news)
    if (news.kind === "post-hidden") return this.remove(news.post)
    if (news.kind === "comment-created") return this.newComment(news)
    if (news.kind === "comment-changed") return this.changeComment(news)
    if (this.waiting.has(news.post)) this.waiting.set(news.post, news.html)
    this.replace(`post-${news.post}`, news.html)
  }

  newPost({ post, html }) {
    if (!this.feed || document.getElementById(`post-${post}`)) return
    this.waiting.set(post, html)
    this.count()
  }

  count() {
    if (!this.button || this.mustReload) return
    const number = this.waiting.size
    this.button.textContent = number === 1 ? "1 new post" : `${number} new posts`
    this.button.hidden = number === 0
  }

  // At most a screenful is put in place; after more than that a fresh page is quicker
  show(event) {
    if (this.waiting.size > MOST_NEW || this.mustReload) return
    event.preventDefault()
    const items = [...this.waiting].map(([post, html]) => this.item("item", "ck-item", post, html)).reverse()
    this.waiting.clear()
    this.count()
    if (!items.length) return
    this.feed.prepend(...items)
    document.querySelector("[data-live-empty]")?.remove()
    items.forEach((item) => this.complete(item, `/posts/${item.dataset.pk}/item/`))
    focusOn(items[0].querySelector("article"))
  }

  newComment({ post, comment, parent, html, counts }) {
    this.replace(`counts-${post}`, counts)
    if (!this.comments || document.getElementById(`comment-${comment}`)) return
    // Under a comment that is not on this page of a long thread, or after the last page
    const list = parent ? document.getElementById(`replies-${parent}`) : this.comments
    if (!list || (!parent && this.comments.dataset.liveComments === "more")) return
    const item = this.item("comment-item", "ck-comment-item", comment, html)
    list.append(item)
    document.querySelector("[data-live-empty]")?.remove()
    this.complete(item, `/comments/${comment}/item/`)
    announce("New comment")
  }

  changeComment({ post, comment, html, hidden, counts }) {
    this.replace(`counts-${post}`, counts)
    this.replace(`comment-${comment}`, html)
    if (hidden) document.querySelector(`#comment-item-${comment} > .ck-comment__foot`)?.remove()
  }

  item(prefix, className, pk, html) {
    const item = document.createElement("li")
    Object.assign(item, { id: `${prefix}-${pk}`, className })
    item.dataset.pk = pk
    item.append(elementOf(html))
    return item
  }

  // The fragment is the same for everybody; what this reader may do with it comes when it is looked at
  complete(item, address) {
    added(item)
    const observer = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return
      observer.disconnect()
      const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null)
      const whole = answer?.ok && !answer.redirected ? elementOf(await answer.text()) : null
      // The fragment that stands is newer, or as new; only what stands beside it is taken
      if (!whole || !item.isConnected) return
      const beside = [...whole.children].filter((part) => !part.matches("article"))
      for (const part of beside) if (!part.id || !document.getElementById(part.id)) item.append(part)
      window.htmx?.process(item)
      added(item)
    })
    observer.observe(item)
  }

  replace(id, html) {
    if (!html) return
    this.stale.set(id, html)
    this.refresh()
  }

  refresh() {
    clearTimeout(this.refreshing)
    for (const [id, html] of this.stale) {
      const old = document.getElementById(id)
      if (old && isInUse(old)) continue
      this.stale.delete(id)
      const fresh = elementOf(html)
      old?.replaceWith(fresh)
      if (old) added(fresh)
    }
    if (this.stale.size) this.refreshing = setTimeout(() => this.refresh(), IN_USE)
  }

  remove(post) {
    this.waiting.delete(post)
    this.stale.delete(`post-${post}`)
    this.count()
    const item = document.getElementById(`item-${post}`)
    if (!item) return
    const hadFocus = item.contains(document.activeElement)
    const note = elementOf('<p class="ck-meta">This post was removed.</p>')
    item.replaceChildren(note)
    if (hadFocus) focusOn(note)
  }

  resync() {
    this.mustReload = true
    if (!this.button) return this.tell("A lot has happened here: reload the page to see it.")
    this.button.textContent = TOO_MUCH
    this.button.hidden = false
  }

  tell(words) {
    if (this.mustReload && !this.button) return
    if (this.state && this.state.textContent !== words) this.state.textContent = words
  }
}

const root = document.querySelector("[data-live]")
if (root) new Live(root)
