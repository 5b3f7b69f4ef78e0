"""Everything that can go wrong between a recording and a plan; the form is ``device.errors.Fault``."""

from device.errors import Fault


class ActivityError(Fault):
    """A fault of recognition, days, the coach, or their files."""

    code = "activity"


class ModelError(ActivityError):
    """A model whose files don't fit each other, the feature version, or the hash in its card."""

    code = "model-integrity"
    exit_code = 5


class OutputError(ActivityError):
    """A place where results can't be written: no permission, no space, or a file where a folder should be."""

    code = "output-unwritable"
    exit_code = 4


class ResultError(ActivityError):
    """Results that aren't there, or can't be read back: another folder, another version, or a damaged file."""

    code = "result-unreadable"
    exit_code = 5


class ContentError(ActivityError):
    """Shipped or supplied content (rules, exercises, messages, questionnaires) that breaks its schema."""

    code = "content-invalid"
    exit_code = 5


class AnswerError(ActivityError):
    """An answer that its question can't take."""

    code = "answer-invalid"
    exit_code = 2


class SafetyStopError(ActivityError):
    """No plan is made, because an answer is a warning sign that a clinician has to look at first."""

    code = "safety-stop"
    exit_code = 7


class UnsafePlanError(ActivityError):
    """A finished plan that broke a safety rule when it was checked again; it is not shown. Please report it."""

    code = "plan-unsafe"
    exit_code = 7


class CaseError(ActivityError):
    """A case that can't be: values out of range, dates that don't fit, or a line of a case base that can't be read."""

    code = "case-invalid"
    exit_code = 5


class NotEnoughDataError(ActivityError):
    """Too little acceleration to make a single epoch, or too little labelled data to train on."""

    code = "not-enough-data"


class WorkerLostError(ActivityError):
    """A worker process ended in the middle of its work, most often for want of memory. What was finished is kept."""

    code = "worker-lost"
    exit_code = 4


class EngineError(ActivityError):
    """The place where a batch was to run can't be reached, or what it needs isn't installed. Nothing was begun."""

    code = "engine-unreachable"
    exit_code = 3


class UnitsError(ActivityError):
    """Acceleration that isn't in g with gravity in it: at rest it has another size than 1. Nothing is guessed."""

    code = "units-wrong"


class RateError(ActivityError):
    """Samples too far apart to see a step between them; no activity can be told from them."""

    code = "rate-too-low"


class StoreError(ActivityError):
    """A store that can't be opened or written: wrong address, no permission, no room, or a file of something else."""

    code = "store"
    exit_code = 6


class StoreLockedError(StoreError):
    """A store that somebody else is writing to for longer than is usual; nothing was changed. Try again."""

    code = "store-locked"


class StoreNewerError(StoreError):
    """A store that a newer version of this program has made; this one would misread it and doesn't touch it."""

    code = "store-newer"


class StoreDamagedError(StoreError):
    """A store in which something isn't what was written: an edited row, a broken chain, a damaged file."""

    code = "store-damaged"
    exit_code = 5


class UnknownParticipantError(ActivityError):
    """An id that nobody in this store has."""

    code = "participant-unknown"
    exit_code = 2


class StoreNotEmptyError(StoreError):
    """A store that already holds something, where a backup was to be restored; nothing was changed."""

    code = "store-not-empty"


class BackupError(StoreError):
    """A backup that can't be read, isn't one, or doesn't hold what its hashes say; nothing was restored from it."""

    code = "backup-integrity"
    exit_code = 5


class BandUnassignedError(ActivityError):
    """A band that was given to nobody, or was taken back: what it recorded can't be told to be anybody's."""

    code = "band-unassigned"
    exit_code = 2


class TrialDataError(ActivityError):
    """A table of a trial that can't be analysed as it stands: what is wrong is named, and nothing was guessed."""

    code = "trial-data"
    exit_code = 2


class DuplicateVisitError(TrialDataError):
    """One person has two rows for the same visit; which of them counts is for the trial to say."""

    code = "trial-duplicate-visit"


class OneArmError(TrialDataError):
    """Everybody is in the same arm, so there is nothing to compare."""

    code = "trial-one-arm"


class EmptyCellError(TrialDataError):
    """An arm of which nobody was seen at a visit: the mean there can't be estimated."""

    code = "trial-empty-cell"


class TooFewPeopleError(TrialDataError):
    """Fewer people in an arm, or at a visit, than the model needs."""

    code = "trial-too-few"


class MissingExtraError(ActivityError):
    """Something that only an optional part of the program can do, and that part isn't installed. Nothing was begun."""

    code = "extra-missing"
    exit_code = 2


class SingularCovarianceError(TrialDataError):
    """No covariance of the visits can be estimated, not even the simplest: a visit without spread, or one repeated."""

    code = "trial-singular-covariance"


class TrialError(ActivityError):
    """A step of a trial that can't be taken: no study in the store, no consent, or not in this order."""

    code = "trial"
    exit_code = 2


class ProtocolChangedError(TrialError):
    """A running study whose protocol, content or model isn't what it began with; amend it, or bring back what was."""

    code = "trial-protocol-changed"
    exit_code = 5


class NotEligibleError(TrialError):
    """Somebody who doesn't meet the criteria of the study, or of whom not all is known yet; they weren't randomised."""

    code = "trial-not-eligible"
    exit_code = 7


class AlreadyRandomisedError(TrialError):
    """Somebody who was randomised before; a person is randomised once, and their arm stays."""

    code = "trial-already-randomised"


class TrialKeyError(TrialError):
    """A key of a trial that can't be read, that others can read, too, or that isn't the one of the study."""

    code = "trial-key"
    exit_code = 5


class AllocationError(TrialError):
    """Allocations that aren't what the key of the study makes of them: a row was changed, swapped, added or removed."""

    code = "trial-allocation"
    exit_code = 5


class VisitError(TrialError):
    """Answers to a visit that can't be taken: it isn't open yet, is over, or was before the person was randomised."""

    code = "trial-visit"


class AccessDeniedError(ActivityError):
    """A link or code that nobody can sign in by: it is unknown, used, replaced or too old. Nothing was shown."""

    code = "access-denied"
    exit_code = 2
