(() => {
  'use strict';
  const read = (text) => {
    const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const write = (buffer) => {
    const plain = btoa(String.fromCharCode(...new Uint8Array(buffer)));
    return plain.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  const named = (ids) => ids.map((id) => ({ type: 'public-key', id: read(id) }));
  const ceremonies = {
    async get(asked) {
      const publicKey = {
        challenge: read(asked.challenge),
        rpId: asked.rpId,
        allowCredentials: named(asked.allow),
        userVerification: 'required',
        timeout: asked.timeout,
      };
      const { rawId, response } = await navigator.credentials.get({ publicKey });
      const fields = {
        credential: rawId,
        client_data: response.clientDataJSON,
        authenticator_data: response.authenticatorData,
        signature: response.signature,
      };
      return response.userHandle ? { ...fields, user: response.userHandle } : fields;
    },
    async create(asked) {
      const publicKey = {
        challenge: read(asked.challenge),
        rp: { id: asked.rpId, name: 'Ringwall' },
        user: { ...asked.user, id: read(asked.user.id) },
        pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: named(asked.exclude),
        authenticatorSelection: {
          residentKey: 'required',
          requireResidentKey: true,
          userVerification: 'required',
        },
        attestation: 'none',
        timeout: asked.timeout,
      };
      const { response } = await navigator.credentials.create({ publicKey });
      return { client_data: response.clientDataJSON, attestation: response.attestationObject };
    },
  };
  const said = {
    InvalidStateError: 'This device has a passkey for this account already.',
    NotAllowedError: 'Nothing was chosen, or it took too long. Please try again.',
    SecurityError: 'Passkeys do not work under this address.',
  };
  for (const box of document.querySelectorAll('[data-ceremony]')) {
    if (!window.PublicKeyCredential) continue;
    const form = box.querySelector('form');
    const button = form.querySelector('button');
    const status = box.querySelector('[role=status]');
    box.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      button.disabled = true;
      status.textContent = '';
      try {
        const asked = JSON.parse(box.dataset.options);
        const fields = await ceremonies[box.dataset.ceremony](asked);
        for (const [name, value] of Object.entries(fields)) {
          const input = document.createElement('input');
          input.type = 'hidden';
          input.name = name;
          input.value = write(value);
          form.append(input);
        }
        form.submit();
      } catch (error) {
        status.textContent = said[error.name] || 'That did not work. Please try again.';
        button.disabled = false;
      }
    });
  }
})();
