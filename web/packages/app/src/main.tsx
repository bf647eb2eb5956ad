/** The product's entry: the app on the real SDK. */

import { mount } from "./mount.tsx";
import { join } from "./sdk.ts";

const root = document.getElementById("root");
if (root) mount(root, join);
