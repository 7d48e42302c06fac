// Entry of the window.

import { mount } from 'svelte';
import App from './App.svelte';
import './ui/tokens.css';
import './ui/parts.css';

mount(App, { target: document.body });
