namespace MiniGpt.Model.Training;

/// <summary>Which of a run's models was the best one that could be saved.</summary>
internal sealed class BestLoss
{
    /// <summary>The lowest validation loss of which there is a checkpoint; infinite without one.</summary>
    public double Value { get; set; } = double.PositiveInfinity;

    /// <summary>
    /// Saves a model that is better than the best one on the disk: one that could not be saved leaves its place to the next. False where this
    /// one could not.
    /// </summary>
    public bool SaveIfBest(double? loss, Func<bool> save)
    {
        if (!(loss < Value))
            return true;
        bool isSaved = save();
        Value = isSaved ? loss.Value : Value;
        return isSaved;
    }
}
