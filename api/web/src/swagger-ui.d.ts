/** What `docs.ts` uses of Swagger UI, which brings no types. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Settings {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    validatorUrl: string | null;
  }
  export default function SwaggerUI(settings: Settings): void;
}
