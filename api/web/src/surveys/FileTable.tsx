import { said } from '../api';
import { bytes, percent } from '../i18n';
import { may } from '../session';
import type { Survey, SurveyFile } from '../types';
import { Button } from '../ui/Button';
import { type Column, Table } from '../ui/Table';
import { toast } from '../ui/Toast';
import { surveyMessages as t } from './messages';
import { removeFile } from './server';

export function FileTable({ survey, reload }: { survey: Survey; reload: () => void }) {
  const leaveOut = (file: SurveyFile): void =>
    void removeFile(survey.id, file.id).then(reload, (error: unknown) => toast(said(error), 'bad'));
  const removable = may('editor') && (survey.state === 'uploading' || survey.state === 'attention');
  const columns: Column<SurveyFile>[] = [
    { key: 'name', title: t('fileName'), cell: (file) => file.name },
    { key: 'size', title: t('fileSize'), number: true, cell: (file) => bytes(file.size) },
    {
      key: 'state',
      title: t('fileState'),
      cell: (file) => t(`fileState_${file.state}`, { share: percent(file.size ? file.received / file.size : 0) }),
    },
  ];
  if (removable && survey.files.length > 1) {
    columns.push({
      key: 'remove',
      title: t('removeFile'),
      cell: (file) => (
        <Button
          look="quiet"
          label={t('removeFile')}
          aria-label={t('removeFileOf', { name: file.name })}
          onClick={() => leaveOut(file)}
        />
      ),
    });
  }
  return (
    <section class="survey-part">
      <h2>{t('filesTitle')}</h2>
      <Table caption={t('filesTitle')} captionHidden columns={columns} rows={survey.files} rowKey={(file) => file.id} />
    </section>
  );
}
