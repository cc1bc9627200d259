// Starts a lab with one pod and waits for its own death.
import { stringify } from "yaml";
import { RabbitLab } from "../../src/rabbit/rabbit-lab.ts";

const selector = { app: "sleep" };
const containers = [{ name: "main", image: "rabbitmq:3.10.8", command: ["sleep", "infinity"] }];
const lab = await RabbitLab.start(
  "shop",
  stringify({
    kind: "Deployment",
    metadata: { name: "sleep" },
    spec: {
      selector: { matchLabels: selector },
      template: { metadata: { labels: selector }, spec: { containers } },
    },
  }),
);
await lab.ready(60);
console.log("ready");
