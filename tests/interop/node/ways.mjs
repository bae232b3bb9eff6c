// Each way in which the first partner proves who it is. Both libraries have the same names for them.
import { registered as withCertificate, selfSigned, showing } from "./certificates.mjs";
import { KID, registered as withKey } from "./keys.mjs";
import { partner } from "./ready.mjs";

const { client_id: id, client_secret: secret } = partner;
const key = { key: await withKey(id), kid: KID };
const certificate = selfSigned("ways");
withCertificate(id, certificate);

export const ways = {
  client_secret_basic: { by: ({ ClientSecretBasic }) => ClientSecretBasic(secret), fetch },
  client_secret_post: { by: ({ ClientSecretPost }) => ClientSecretPost(secret), fetch },
  private_key_jwt: { by: ({ PrivateKeyJwt }) => PrivateKeyJwt(key), fetch },
  self_signed_tls_client_auth: {
    by: ({ TlsClientAuth }) => TlsClientAuth(), fetch: showing(certificate),
  },
};
