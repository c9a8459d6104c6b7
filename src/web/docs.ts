/** What of Swagger UI this page uses; its file is copied as it is (vite.config.ts) and makes a global. */
type SwaggerUi = (options: {
  url: string
  dom_id: string
  layout: 'BaseLayout'
  deepLinking: boolean
  displayRequestDuration: boolean
  defaultModelsExpandDepth: number
  persistAuthorization: boolean
  /** null: nobody else is sent the document to check it. */
  validatorUrl: null
}) => unknown
declare const SwaggerUIBundle: SwaggerUi

const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  layout: 'BaseLayout',
  deepLinking: true,
  displayRequestDuration: true,
  // The list of schemas is there, closed.
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  validatorUrl: null,
})

export {}
