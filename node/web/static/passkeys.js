// Makes passkeys and signs in with them: asks the node for a challenge, hands it to the browser,
// and sends the page's own form with what the device answered. Without it the pages work as ever.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const known = (list) => list.map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = {
    create: (options) => navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    }),
    get: (options) => navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: known(options.allowCredentials),
      },
    }),
  };

  // Written out: toJSON is not there in browsers of two years ago, nor in some password managers.
  const written = (credential) => {
    const response = credential.response;
    const parts = {};
    for (const name of [
      "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle",
    ]) {
      if (response[name]) parts[name] = text(response[name]);
    }
    if (response.getTransports) parts.transports = response.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts,
    });
  };

  const failing = (error) => {
    if (error.name === "InvalidStateError") return "known";
    return error.name === "NotAllowedError" || error.name === "AbortError" ? "stopped" : "failed";
  };

  const prepare = (form) => {
    const kind = form.dataset.passkey;
    const words = form.querySelector("[role=alert]");
    const button = form.querySelector("button");
    let busy = false;

    const say = (fault) => {
      words.textContent = (fault && (words.getAttribute("data-" + fault) || words.dataset.failed)) || "";
      words.hidden = !fault;
    };

    const answered = async () => {
      const answer = await fetch(form.dataset.options, {
        method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error",
      });
      const told = await answer.json();
      if (!told.options) {
        // The page was loaded just after signing in, and has no field for a password.
        return told.fault === "password" && !form.elements.current ? "failed" : told.fault || "failed";
      }
      form.elements.answer.value = written(await ask[kind](told.options));
      if (told.ticket) form.elements.ticket.value = told.ticket;
      return "";
    };

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      button.setAttribute("aria-busy", "true");
      say("");
      const fault = await answered().catch(failing);
      if (!fault) {
        form.submit();
        return;
      }
      say(fault);
      busy = false;
      button.removeAttribute("aria-busy");
    });
    form.hidden = false;
  };

  if (!window.PublicKeyCredential || !navigator.credentials) return;
  document.querySelectorAll("form[data-passkey]").forEach(prepare);
  document.querySelectorAll("p[data-passkey=none]").forEach((note) => { note.hidden = true; });
})();
