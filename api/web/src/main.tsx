import './theme.css';
import { render } from 'preact';
import { startSession } from './session';
import { Shell } from './shell';
import './theme';

startSession();
const root = document.getElementById('app');
if (root) render(<Shell />, root);
