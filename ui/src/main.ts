import { mount } from "svelte";

import { App } from "./app.svelte";
import { chooseHost } from "./host/choose";
import { tellOfCopies } from "./shared/clipboard";
import { keepVisible } from "./shared/hidden";
import { keepFieldsVisible } from "./shared/hiddenInFields";
import Window from "./Window.svelte";
import { allowStylesOfLibraries } from "./styles/libraries";
import "./styles/base.css";

allowStylesOfLibraries();

keepVisible(document);
keepFieldsVisible(document);
const host = await chooseHost();
tellOfCopies(window, (text) => void host.copied(text));
const app = new App(host);
mount(Window, { target: document.getElementById("app")!, props: { app } });
void app.open();
