// The operator's commands, beside the running server.
import { execFileSync } from "node:child_process";

export function operator(...words) {
  const data = ["--data-dir", process.env.RINGWALL_DATA];
  return execFileSync(process.env.RINGWALL_BINARY, [...words, ...data], { encoding: "utf8" });
}

// An agency with its first application, which may have people sent back to this machine.
export function founded(slug, ...more) {
  const words = ["admin", "bootstrap", "--tenant-slug", slug, "--tenant-name", `${slug} Staffing`];
  const agency = JSON.parse(operator(...words, "--partner-name", `${slug} careers`, "--json", ...more));
  const callback = ["--uri", "http://127.0.0.1/callback", "--native"];
  operator("admin", "redirects", "--client", agency.client_id, ...callback);
  return agency;
}

// Where somebody enrols whom an agency has just taken on.
export function invited(slug, email, name) {
  const words = ["admin", "invite", "--tenant-slug", slug, "--email", email, "--name", name];
  return operator(...words).split("\n")[0];
}
