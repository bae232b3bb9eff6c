// Certificates of partners, registered with the operator's command beside the running server.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operator } from "./operator.mjs";

// A certificate and its key, in PEM form, and where the certificate is.
export function certificate(subject, ...more) {
  const folder = mkdtempSync(join(tmpdir(), "ringwall-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const words = ["req", "-x509", ...curve, "-subj", subject, "-days", "2", ...more];
  execFileSync("openssl", [...words, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  return { certFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

export const selfSigned = (name, ...more) => certificate(`/CN=${name}`, ...more);

// What such a certificate says beside its subject.
export const named = (alternative) =>
  ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth",
    `subjectAltName=${alternative}`].flatMap((extension) => ["-addext", extension]);

// By the authority that the server was told to believe.
export function issued(subject, alternative) {
  const { CLIENT_CA, CLIENT_CA_KEY } = process.env;
  return certificate(subject, "-CA", CLIENT_CA, "-CAkey", CLIENT_CA_KEY, ...named(alternative));
}

// In place of whatever was registered before.
export const register = (clientId, ...words) =>
  operator("admin", "certificates", "--client", clientId, ...words);

export const registered = (clientId, { certFile }) => register(clientId, "--self-signed", certFile);

// A `fetch` whose connections show a certificate.
export function showing({ cert, key }) {
  const agent = new https.Agent({ cert, key, keepAlive: false });
  return (target, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const all = Object.fromEntries(new Headers(headers));
      const request = https.request(target, { method, headers: all, agent }, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const { statusCode: status, headers: told } = answer;
          const flat = Object.entries(told).map(([name, value]) => [name, String(value)]);
          resolve(new Response(Buffer.concat(chunks), { status, headers: flat }));
        });
      });
      request.on("error", reject);
      request.end(body === undefined ? undefined : String(body));
    });
}
