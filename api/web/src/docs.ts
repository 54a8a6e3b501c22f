/** The API, to read and to try: Swagger UI over the server's own OpenAPI document, with nothing from elsewhere. */
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';

SwaggerUI({ url: './openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
