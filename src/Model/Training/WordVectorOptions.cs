namespace MiniGpt.Model.Training;

/// <summary>How word vectors are trained: word2vec's options, with its defaults for skip-gram.</summary>
public sealed record WordVectorOptions
{
    private const double SkipGramRate = 0.025, BagRate = 0.05;

    /// <summary>
    /// Whether the mean of a word's neighbours predicts the word (continuous bag of words), rather than the word each neighbour (skip-gram).
    /// </summary>
    public bool IsBagOfWords { get; init; }

    /// <summary>C: numbers in a vector.</summary>
    public int Width { get; init; } = 100;

    /// <summary>How many words away the furthest neighbour is.</summary>
    public int Window { get; init; } = 5;

    /// <summary>K: how many words are drawn at random to tell a true neighbour from.</summary>
    public int Negative { get; init; } = 5;

    /// <summary>How often the text is gone through.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>How often a word must occur to get a vector.</summary>
    public int MinCount { get; init; } = 5;

    /// <summary>Words with a larger share of the text than this are passed over at random; 0 keeps all.</summary>
    public double Subsample { get; init; } = 1e-3;

    /// <summary>The learning rate at the beginning; it falls along a straight line to nearly 0. Null for 0.025, or 0.05 of a bag of words.</summary>
    public double? LearningRate { get; init; }

    /// <summary>What random numbers are a function of.</summary>
    public ulong Seed { get; init; }

    /// <summary>The learning rate at the beginning.</summary>
    public double FirstRate => LearningRate ?? (IsBagOfWords ? BagRate : SkipGramRate);

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">The message says which.</exception>
    public void Check()
    {
        Require.Positive(Width, "width");
        Require.Positive(Window, "window");
        Require.Positive(Negative, "number of negative samples");
        Require.Positive(Epochs, "number of epochs");
        Require.Positive(MinCount, "least count of a word");
        Require.NotNegative(Subsample, "share from which words are passed over");
        Require.Positive(FirstRate, "learning rate");
    }
}
