// A browser's client of Latchkey. The tokens stay in HttpOnly cookies, where no script can read them; this class only
// knows when to refresh. All tabs of the page share one session.
export class Session {
  // onchange is called with true or false when another tab signs in or out.
  constructor(api, onchange) {
    this.api = api
    this.tabs = new BroadcastChannel('latchkey')
    this.tabs.onmessage = (message) => onchange(message.data)
  }

  // signIn returns {ok, message, wait}: wait is how many seconds to wait before another attempt, if the server says so.
  async signIn(username, password) {
    const answer = await this.send('/login', { username, password })
    const { message } = await answer.json()
    if (answer.ok) this.changed(true)
    return { ok: answer.ok, message, wait: Number(answer.headers.get('Retry-After')) }
  }

  // me returns the user's profile, or null if nobody is signed in.
  async me() {
    if (Date.now() > Number(localStorage.refreshAt ?? Infinity)) await this.refresh()
    let answer = await this.send('/me')
    if (answer.status === 401 && await this.refresh()) answer = await this.send('/me')
    if (!answer.ok) return null
    const profile = await answer.json()
    this.expires(profile.expires_in)
    return profile
  }

  // refresh gets new cookies and reports whether the session is still open. Tabs take turns: one that has waited for
  // another uses what that one got.
  async refresh() {
    const asked = Date.now()
    return navigator.locks.request('latchkey', async () => {
      if (localStorage.refreshed >= asked) return true
      const answer = await this.send('/refresh', null)
      if (answer.status === 401) this.changed(false)
      if (!answer.ok) return false
      localStorage.refreshed = Date.now()
      this.expires((await answer.json()).expires_in)
      return true
    })
  }

  async signOut() {
    await this.send('/logout', null)
    this.changed(false)
  }

  // send is a GET without a body, else a POST.
  send(path, body) {
    const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    return fetch(this.api + '/api/users' + path, { credentials: 'include', ...(body === undefined ? {} : post) })
  }

  // expires remembers to refresh a minute before the access token expires.
  expires(seconds) { if (seconds) localStorage.refreshAt = Date.now() + (seconds - 60) * 1000 }

  changed(signedIn) {
    if (!signedIn) delete localStorage.refreshAt
    this.tabs.postMessage(signedIn)
  }
}
