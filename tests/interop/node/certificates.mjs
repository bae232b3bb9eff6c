// A certificate of a partner's own, registered with the operator's command beside the running server.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

// A certificate and its key, in PEM form, and where the certificate is.
export function selfSigned(name) {
  const folder = mkdtempSync(join(tmpdir(), "ringwall-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const words = ["req", "-x509", ...curve, "-subj", `/CN=${name}`, "-days", "2"];
  execFileSync("openssl", [...words, "-keyout", keyFile, "-out", certFile], { stdio: "ignore" });
  return { certFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

export function registered(clientId, { certFile }) {
  const words = ["admin", "certificates", "--client", clientId, "--self-signed", certFile];
  execFileSync(process.env.RINGWALL_BINARY, [...words, "--data-dir", process.env.RINGWALL_DATA]);
}

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
