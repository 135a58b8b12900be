// Starts the packaged Swagger UI on the document of this server. Ours; the other files are as published.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const formToken = document.getElementById("swagger-ui").dataset.formToken;
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    filter: true,
    plugins: [window.tryOut.plugin],
    // The call as it is meant, without the token of the session's forms.
    showMutatedRequest: false,
    // The published default asks a validator on the Internet.
    validatorUrl: null,
    // With a session of the portal, what changes something carries the token of its forms.
    requestInterceptor: (given) => {
      const request = window.tryOut.request(given, formToken);
      if (formToken && new URL(request.url, location.href).origin === location.origin) {
        request.headers["X-Form-Token"] = formToken;
      }
      return request;
    },
    responseInterceptor: window.tryOut.response,
  });
});
