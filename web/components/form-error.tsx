import { RequestId } from './request-id';
import { Shape } from './shape';

interface Props {
  error: Error & { problem?: { request_id: string } };
}

/* Why a form was not taken, where no field of it is to blame. */
export function FormError({ error }: Props) {
  const id = error.problem?.request_id;
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-2 bg-bad-bg px-3 py-2">
      <Shape shape="bad" className="mt-[5px]" />
      <div className="min-w-0">
        <p>{error.message}</p>
        {id && <RequestId id={id} />}
      </div>
    </div>
  );
}
