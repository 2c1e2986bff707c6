// The request of an exchange in other words, to paste into a terminal or a program.
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`
const js = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function python(value) {
  if (value === null) return 'None'
  if (value === true || value === false) return value ? 'True' : 'False'
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (typeof value === 'object') return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${python(v)}`).join(', ')}}`
  return JSON.stringify(value)
}

// parts returns what a program has to send: method, URL, the headers that matter, the body, and whether cookies go along.
function parts({ request, response }) {
  const [method, path] = request.first.split(' ')
  const header = (name) => request.headers.find(([n]) => n === name)?.[1]
  const headers = ['Content-Type', 'Authorization'].filter(header).map((name) => [name, header(name)])
  const cookies = Boolean(header('Cookie')), sets = response.headers.some(([name]) => name === 'Set-Cookie')
  return { method, url: location.origin + path, headers, body: request.body, cookies, sets }
}

function curl(exchange) {
  const { method, url, headers, body, cookies, sets } = parts(exchange)
  return [
    `curl -i ${method === (body ? 'POST' : 'GET') ? '' : `-X ${method} `}${url}`,
    ...headers.map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    ...(cookies ? ['-b jar'] : []), ...(sets ? ['-c jar'] : []),
    ...(body ? [`-d ${shell(body)}`] : []),
  ].join(' \\\n  ')
}

function fetchCall(exchange) {
  const { method, url, headers, body } = parts(exchange)
  return `const answer = await fetch(${js(url)}, {
  method: ${js(method)},
  credentials: 'include', // keep and send the cookies
${headers.length ? `  headers: { ${headers.map(([name, value]) => `${js(name)}: ${js(value)}`).join(', ')} },\n` : ''}${body ? `  body: JSON.stringify(${body}),\n` : ''}})
console.log(answer.status, await answer.json())`
}

function requests(exchange) {
  const { method, url, headers, body } = parts(exchange)
  const own = headers.filter(([name]) => name !== 'Content-Type')
  return `import requests

session = requests.Session()  # keeps the cookies
answer = session.${method.toLowerCase()}(
    ${JSON.stringify(url)},
${own.length ? `    headers=${python(Object.fromEntries(own))},\n` : ''}${body ? `    json=${python(JSON.parse(body))},\n` : ''})
print(answer.status_code, answer.json())`
}

function golang(exchange) {
  const { method, url, headers, body } = parts(exchange)
  const text = body.includes('`') ? JSON.stringify(body) : '`' + body + '`'
  return `request, err := http.NewRequest(${JSON.stringify(method)}, ${JSON.stringify(url)}, ${body ? `strings.NewReader(${text})` : 'nil'})
if err != nil {
	return err
}
${headers.map(([name, value]) => `request.Header.Set(${JSON.stringify(name)}, ${JSON.stringify(value)})\n`).join('')}answer, err := client.Do(request) // a client with a cookiejar.Jar keeps the cookies
if err != nil {
	return err
}
defer answer.Body.Close()`
}

export const forms = { curl, fetch: fetchCall, Python: requests, Go: golang }
