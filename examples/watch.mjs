// Print live values of the firmware, and write one, in plain JavaScript: nothing but a websocket.
//
//     export SCRUTINY_TOKEN=$(scrutiny token show)
//     node examples/watch.mjs /rpv/x1001 /rpv/x1002 --write /rpv/x1000=1500 --url ws://localhost:8765
//
// Node 22 or newer; Node 20 with --experimental-websocket. docs/api.md tells the messages. Ctrl-C ends it.

const paths = [];
let url = "ws://localhost:8765";
let write = null;
for (let args = process.argv.slice(2); args.length > 0;) {
  const arg = args.shift();
  if (arg === "--url") url = args.shift();
  else if (arg === "--write") write = args.shift().split("=");
  else paths.push(arg);
}

const token = process.env.SCRUTINY_TOKEN; // a page cannot set headers, so it comes as a subprotocol
const socket = new WebSocket(url, token ? ["scrutiny", `scrutiny-token.${token}`] : []);
const pending = new Map(); // reqid -> who waits for the answer
let lastRequest = 0;

function ask(cmd, fields = {}) {
  const reqid = ++lastRequest;
  socket.send(JSON.stringify({ cmd, reqid, ...fields }));
  return new Promise((resolve, reject) => pending.set(reqid, { resolve, reject }));
}

const names = new Map(); // id -> path
const events = {
  welcome: (message) => {
    console.log(`server: ${message.server}, API ${message.api_version}`);
    if (message.api_version?.split(".")[0] !== "1") fail("this server speaks another version of the API");
    else ask("get_server_status").then(events.inform_server_status).catch(fail);
  },
  inform_server_status: (message) => {
    console.log(`device: ${message.device_status}`);
    if (message.device_status !== "connected_ready") names.clear(); // ids end with the session
    else if (names.size === 0) start().catch(fail);
  },
  watchable_update: (message) => {
    for (const { id, v, r } of message.updates)
      if (names.has(id)) console.log(`${names.get(id)} = ${v ?? r}`);
  },
};

async function start() {
  const { subscribed } = await ask("subscribe_watchable", { watchables: paths, rate: 10 });
  for (const [path, { id }] of Object.entries(subscribed)) names.set(id, path);
  if (write === null) return;
  const [server_path, value] = write;
  write = null; // once, also if the device comes back
  const result = await ask("write_single_watchable", { server_path, value });
  console.log(`write of ${server_path}: ${result.success ? "confirmed by the device" : result.failure_reason}`);
}

function fail(error) {
  console.error(`error: ${error}`);
  process.exitCode = 1;
  if (socket.readyState === WebSocket.OPEN) socket.close();
}

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  const waiting = pending.get(message.reqid);
  pending.delete(message.reqid);
  if (!waiting) events[message.cmd]?.(message); // what is new, or of no interest here, is ignored
  else if (message.cmd === "error") waiting.reject(message.msg);
  else waiting.resolve(message);
};
socket.onerror = () => fail(`no connection to ${url}${token ? "" : "; is SCRUTINY_TOKEN set?"}`);
socket.onclose = ({ reason }) => console.log(`connection closed ${reason}`);
