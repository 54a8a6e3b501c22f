/** Which of the server's two languages is read. */
import { lang } from '../i18n';

export const LANG_FIELD = (): 'name_nl' | 'name_en' => `name_${lang.value}`;
