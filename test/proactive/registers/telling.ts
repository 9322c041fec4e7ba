/** Tells a register one address after the other, and says so on its output once each is kept; runs until it is killed. Argument: the register's folder. */
import { population } from "../../../proactive/population/population.ts";
import { openRegister } from "../../../proactive/registers/durable-register.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { TOLD } from "./told.ts";

const [directory = ""] = process.argv.slice(2);
const people = population(TOLD);
const register = await openRegister("population", {
  ...{ directory, society: society(people, TOLD.asOf), documents: people.documents },
});
const [person] = people.persons;
for (let turn = 1; ; turn++) {
  await register.correct(person?.id ?? "", "pd:Residency", `Nhà số ${turn}`);
  process.stdout.write(`${turn}\n`);
}
