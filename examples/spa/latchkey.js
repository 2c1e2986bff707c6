// A browser's client of Latchkey, in one file; latchkey.d.ts describes every call. The tokens stay in HttpOnly cookies, where no
// script can read them; this class knows when to refresh them. All tabs of a site share one session and refresh it once.
export class Latchkey {
  constructor(api, onchange = () => {}) {
    this.api = api
    this.onchange = onchange
    this.tabs = new BroadcastChannel('latchkey')
    this.tabs.onmessage = ({ data: signedIn }) => onchange(signedIn)
  }

  async signIn({ username, password, ...options }) {
    return this.#signedIn(await this.call('POST', '/login', { username, password, ...options }))
  }

  async proveCode(challenge, code, remember = false) {
    return this.#signedIn(await this.call('POST', '/login/factor', { challenge: challenge.id, code, remember }))
  }

  async provePasskey(challenge, remember = false) {
    return this.#withPasskey(challenge.publicKey, {}, (assertion) =>
      this.call('POST', '/login/factor', { challenge: challenge.id, assertion, remember }))
  }

  // With {mediation: 'conditional'} the browser offers passkeys in the form's own list of names, and this waits until one is chosen.
  async signInWithPasskey(options = {}) {
    const offer = await this.call('POST', '/login/passkey/options', {})
    return !offer.ok ? offer : this.#withPasskey(offer.publicKey, options, (assertion) =>
      this.call('POST', '/login/passkey', { challenge: offer.challenge, assertion }))
  }

  // The user's profile, or null if the user is signed out.
  async user() {
    await this.#refreshIfDue()
    let profile = await this.call('GET', '/me')
    if (profile.status === 401 && await this.refresh()) profile = await this.call('GET', '/me')
    if (!profile.ok) return null
    this.#expires(profile.expires_in)
    return profile
  }

  // Gets new cookies and reports whether the session is still open. Tabs take turns: one that waited for another uses what that got.
  async refresh() {
    const asked = Date.now()
    return navigator.locks.request('latchkey', async () => {
      if (localStorage.latchkeyRefreshed >= asked) return true
      const answer = await this.call('POST', '/refresh')
      if (answer.status === 401) this.#ended()
      if (!answer.ok) return false
      localStorage.latchkeyRefreshed = Date.now()
      this.#expires(answer.expires_in)
      return true
    })
  }

  async signOut({ everywhere = false } = {}) {
    const answer = await this.call('POST', everywhere ? '/logout?all=true' : '/logout')
    if (answer.ok) this.#changed(false)
    return answer
  }

  // fetch for your own API. If the access token has expired meanwhile, it refreshes once and sends the request again.
  async fetch(url, options = {}) {
    await this.#refreshIfDue()
    const send = () => fetch(url, { credentials: 'include', ...options })
    const answer = await send()
    const expired = answer.status === 401 && !needsStepUp(answer)
    return expired && await this.refresh() ? send() : answer
  }

  factors() { return this.call('GET', '/factors') }
  removeFactor(id) { return this.call('DELETE', '/factors/' + encodeURIComponent(id)) }

  // A user who must set up a factor before the first sign-in has no session yet: their challenge takes its place.
  addApp(name, challenge) { return this.call('POST', '/factors/totp', { name }, challenge) }

  async confirmApp(id, code, challenge) {
    const answer = await this.call('POST', '/factors/totp/confirm', { id, code }, challenge)
    return challenge ? this.#signedIn(answer) : answer
  }

  async addPasskey(name, challenge) {
    const offer = await this.call('POST', '/passkeys/options', {}, challenge)
    if (!offer.ok) return offer
    const { credential, refused } = await ask(() => navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(offer.publicKey),
    }))
    if (refused) return refused
    const answer = await this.call('POST', '/passkeys', { challenge: offer.challenge, credential, name }, challenge)
    return challenge ? this.#signedIn(answer) : answer
  }

  // Any call of the API below /api/users. The result has the members of the answer, and ok, status, wait and stepUp.
  async call(method, path, body = null, challenge) {
    const headers = challenge ? { Authorization: 'Bearer ' + challenge.id } : {}
    if (method === 'POST') headers['Content-Type'] = 'application/json'
    const init = { method, headers, credentials: 'include', body: method === 'POST' ? JSON.stringify(body) : undefined }
    try {
      const answer = await fetch(this.api + '/api/users' + path, init)
      const members = await answer.json().catch(() => ({}))
      const wait = Number(answer.headers.get('Retry-After'))
      return { ...members, ok: answer.ok, status: answer.status, wait, stepUp: needsStepUp(answer) }
    } catch {
      return { ok: false, status: 0, wait: 0, stepUp: false, message: 'The sign-in service cannot be reached' }
    }
  }

  async #withPasskey(options, more, send) {
    const { credential, refused } = await ask(() => navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...more,
    }))
    return refused ?? this.#signedIn(await send(credential))
  }

  #signedIn(answer) { if (answer.ok) this.#changed(true); return answer }

  // Remembers to refresh a minute before the access token expires.
  #expires(seconds) {
    if (!seconds) return
    localStorage.latchkeyRefreshAt = Date.now() + (seconds - 60) * 1000
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.#refreshIfDue(), Math.max(1000, (seconds - 60) * 1000))
  }

  async #refreshIfDue() { if (Date.now() >= Number(localStorage.latchkeyRefreshAt ?? Infinity)) await this.refresh() }

  #changed(signedIn) {
    clearTimeout(this.timer)
    if (!signedIn) delete localStorage.latchkeyRefreshAt
    this.tabs.postMessage(signedIn)
  }

  #ended() {
    const before = 'latchkeyRefreshAt' in localStorage
    this.#changed(false)
    if (before) this.onchange(false)
  }
}

const needsStepUp = (answer) => /insufficient_user_authentication/.test(answer.headers.get('WWW-Authenticate') ?? '')

// Runs the browser's passkey dialog. A person who closes it is no fault of the page.
async function ask(ceremony) {
  try {
    return { credential: (await ceremony()).toJSON() }
  } catch (error) {
    return { refused: { ok: false, status: 0, wait: 0, stepUp: false, canceled: true, message: error.message } }
  }
}
