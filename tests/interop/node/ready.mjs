// What the server wrote when it was ready, and the first partner in it.
import { readFileSync } from "node:fs";

const ready = JSON.parse(readFileSync(process.env.RINGWALL_READY, "utf8"));

export const url = new URL(ready.url);
export const partner = ready.tenants[0].partners[0];
export const { slug: agency, staff } = ready.tenants[0];
export const stranger = ready.tenants[1].partners[0];
export const scope = [partner.scopes].flat().join(" ");
