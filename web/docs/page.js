// Shows openapi.yaml; calls that a reader tries go to this server, with the browser's cookies.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

// repair adds what the renderer leaves out for screen readers. A link inside of a button is no stop for the keyboard: the button does
// the same.
function repair() {
  const set = (selector, attributes) => {
    for (const element of document.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === 'function' ? value(element) : value)
    }
  }
  set('#servers', { 'aria-label': 'Server' })
  set('.information-container', { role: 'region', 'aria-label': 'About' })
  set('.schemes-server-container', { role: 'region', 'aria-label': 'Server and authorization' })
  set('h3.opblock-tag, .models h4', { 'aria-level': 2 })
  set('.opblock h4', { 'aria-level': 3 })
  set('.opblock h5', { 'aria-level': 4 })
  set('.examples-select-element', { 'aria-label': 'Example' })
  set('.parameters select, .parameters input', { 'aria-label': (field) => field.closest('tr')?.dataset.paramName ?? 'Value' })
  for (const link of document.querySelectorAll('.opblock-summary-control a[href]')) link.removeAttribute('href')
}
new MutationObserver(repair).observe(document.getElementById('reference'), { childList: true, subtree: true, attributes: true, attributeFilter: ['href'] })

SwaggerUIBundle({
  url: '/docs/openapi.yaml', dom_id: '#reference', deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0,
  displayRequestDuration: true, tryItOutEnabled: false, validatorUrl: null, withCredentials: true,
  onComplete: () => { repair(); document.body.dataset.ready = '' },
})
