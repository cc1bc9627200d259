const { defineTask } = require("@leveret/celery-amqp");

// module.exports as an expression: Node finds no names in it.
const made = ["a", "b"].map((name) => defineTask(`assigned.${name}`, () => `${name}1`));
module.exports = Object.fromEntries(made.map((task) => [task.name.slice(-1), task]));
