namespace MiniGpt.Model.Distribution;

/// <summary>What ranks spent on each other.</summary>
/// <param name="Gradients">The time in which a rank had nothing to do but to wait for gradients and to add them.</param>
/// <param name="Parameters">The time in which updated parameters were brought to all ranks; nothing is done beside it.</param>
/// <param name="HiddenShare">The share of the gradients from other ranks that had arrived, and were added, before the backward pass was over.</param>
public readonly record struct ExchangeTimes(TimeSpan Gradients, TimeSpan Parameters, double HiddenShare);
