export { writeImageConfig } from "./machine/image.ts";
export { secretsYaml } from "./manifest/secrets.ts";
export type { PodStatus } from "./client/pod-status.ts";
export { RabbitLab } from "./rabbit/rabbit-lab.ts";
export { checkConf, imageOf, labFolder, labProgram, labVersions, makeImage } from "./rabbit/version.ts";
export type { LabVersion } from "./rabbit/version.ts";
