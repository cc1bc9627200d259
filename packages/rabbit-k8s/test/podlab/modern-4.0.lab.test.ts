import { describeModern } from "./modern-cluster.ts";

describeModern("4.0.5");
