#!/usr/bin/env bash
# What each pod of train.yaml runs, in the clone: the trainings, and what follows them in the first pod.
set -euo pipefail
addresses=$(for ((pod = 0; pod < PODS; pod++)); do printf '"octet-%s.octet:8888" ' "$pod"; done)
addresses=${addresses% }
export TF_CONFIG='{"cluster": {"worker": ['${addresses// /, }']}, "task": {"type": "worker", "index": '$JOB_COMPLETION_INDEX'}}'
# The signal that ends a pod reaches this shell alone, which by itself would heed it after the training, or never.
run() {
  local code=0
  "$@" &
  trap 'kill "$!"' TERM INT # the image asks for INT, which a shell's children ignore
  wait "$!" || code=$?
  if [ "$code" = 143 ] || [ "$code" = 130 ]; then # the signal ended the waiting
    code=0
    wait "$!" || code=$?
  fi
  return "$code"
}
for stage in train_float train_control train_qat; do
  run octet worker "$stage" "$RECIPE"
done
if [ "$JOB_COMPLETION_INDEX" = 0 ]; then
  run dvc repro "report@$RECIPE"
  if [ -n "$(dvc config core.remote)" ]; then
    run octet push "$RECIPE"
  else
    echo "no default remote is set: the results stay in the volume"
  fi
fi
