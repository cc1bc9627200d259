import { describeModern } from "./modern-cluster.ts";

describeModern("3.10.8");
