// Shows openapi.yaml; calls that a reader tries go to this server, with the browser's cookies.
SwaggerUIBundle({
  url: '/docs/openapi.yaml', dom_id: '#reference', deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0,
  displayRequestDuration: true, tryItOutEnabled: false, validatorUrl: null, withCredentials: true,
  onComplete: () => { document.body.dataset.ready = '' },
})
