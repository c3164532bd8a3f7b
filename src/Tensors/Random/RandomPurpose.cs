namespace MiniGpt.Tensors;

/// <summary>What random numbers are drawn for. Each purpose has numbers of its own, so that one more draw here moves nothing there.</summary>
public enum RandomPurpose
{
    /// <summary>The first values of the parameters.</summary>
    Initialisation,

    /// <summary>Where the examples of a training batch start.</summary>
    Batches,

    /// <summary>Which activations dropout zeroes.</summary>
    Dropout,

    /// <summary>Which token follows when text is generated.</summary>
    Sampling,

    /// <summary>Where the examples of an evaluation start.</summary>
    Evaluation,

    /// <summary>Where and against what gradients are checked.</summary>
    GradientCheck,

    /// <summary>Which tokens of a training batch are masked, and what stands in their place.</summary>
    Masking,

    /// <summary>Which tokens of an evaluation are masked.</summary>
    EvaluationMasking,

    /// <summary>Which sentences a grammar makes.</summary>
    Sentences,

    /// <summary>Which words of a text word2vec passes over, because they are frequent.</summary>
    Subsampling,

    /// <summary>How far word2vec looks for the neighbours of a word.</summary>
    Windows,

    /// <summary>The words that word2vec tells true neighbours from.</summary>
    NegativeSamples,
}
