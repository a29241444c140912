import "../style/tokens.css";
import "./console.css";
import { render } from "preact";
import { Page } from "./page.tsx";

render(<Page />, document.getElementById("app") as HTMLElement);
