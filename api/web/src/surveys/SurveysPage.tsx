import './surveys.css';
import { route } from '../router';
import { SurveyList } from './SurveyList';
import { SurveyView } from './SurveyView';

/** #/opnames: all of them; #/opnames/<id>: one. */
export function SurveysPage() {
  const [id] = route.value.parts;
  return id ? <SurveyView key={id} id={id} /> : <SurveyList />;
}
