import { mount } from "svelte";

import { App } from "./app.svelte";
import { chooseHost } from "./host/choose";
import Window from "./Window.svelte";
import "./styles/base.css";

const app = new App(await chooseHost());
mount(Window, { target: document.getElementById("app")!, props: { app } });
void app.open();
