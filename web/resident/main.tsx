import "../style/tokens.css";
import "./resident.css";
import { render } from "preact";
import { browserEnvironment, browserStorage, browserWakes, browserWire } from "../client/browser.ts";
import { browserIdentity } from "../client/identity.ts";
import { CHAT_KEY, Resident } from "../client/resident.ts";
import { language } from "../parts/language.ts";
import { Page } from "./page.tsx";

const environment = browserEnvironment("resident");
const client = await browserIdentity(browserStorage, "resident", environment.id);
const resident = new Resident(environment, browserStorage, browserWire(), client, () => language.now);

render(<Page resident={resident} />, document.getElementById("app") as HTMLElement);
resident.connect();
browserWakes(resident);
window.addEventListener("storage", (event) => {
    if (event.key === CHAT_KEY) resident.storageChanged();
});
