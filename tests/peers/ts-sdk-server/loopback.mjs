// Loaded before the SDK's own example, which listens on every address: keeps it on 127.0.0.1, and ends it with its
// standard input.
import net from "node:net";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return typeof rest[0] === "string"
    ? listen.call(this, port, "127.0.0.1", ...rest.slice(1))
    : listen.call(this, port, "127.0.0.1", ...rest);
};
process.stdin.resume().on("end", () => process.exit(0));
