import type { Certainty } from "../host/bindings/Certainty";
import type { Owner } from "../host/bindings/Owner";
import type { Part } from "../host/bindings/Part";

export const OWNERS: Record<Owner, string> = {
  mcp_server: "MCP server",
  authorization_server: "Authorization server",
  network: "Network",
  client: "Client",
  nobody: "Nobody",
};

export const CERTAINTIES: Record<Certainty, string> = {
  certain: "certain",
  likely: "likely",
  not_checked: "not checked",
};

/** Where in the exchange a finding shows, for people. */
export function partInWords(part: Part): string {
  switch (part.is) {
    case "request_url":
      return "request URL";
    case "request_header":
      return `request header ${part.name}`;
    case "request_body":
      return "request body";
    case "status":
      return "status";
    case "response_header":
      return `response header ${part.name}`;
    case "response_body":
      return part.pointer ? `response body ${part.pointer}` : "response body";
  }
}
