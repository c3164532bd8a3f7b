using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>A text to be continued beside others.</summary>
public sealed record GenerationRequest
{
    /// <summary>The ids to continue, at least one; of more than the context, its end.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>The number of the sample: each draws other random numbers.</summary>
    public int Sample { get; init; }

    /// <summary>How many tokens are made at most.</summary>
    public int MostTokens { get; init; } = 200;

    /// <summary>Texts that end it; they are not part of it.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>Ids that end it; they are not part of it.</summary>
    public IReadOnlyList<int> EndIds { get; init; } = [];

    /// <summary>Whether the text is a JSON object and nothing else: it ends with it, unless there are not tokens enough.</summary>
    public bool IsJson { get; init; }

    /// <summary>Whether the first id that is made begins a text, rather than going on with one: <see cref="StreamingDecoder"/>.</summary>
    public bool IsTextStart { get; init; }

    /// <summary>How many of the likeliest tokens are told beside each that was chosen; null where no probability is asked for.</summary>
    public int? Likeliest { get; init; }

    /// <summary>Whether its steps come as they are made; otherwise all of them at its end, which wakes its reader once.</summary>
    public bool ComesInPieces { get; init; } = true;

    /// <summary>Whether the probabilities of the prompt's own tokens are told too.</summary>
    public bool TellsPrompt { get; init; }

    /// <summary>Throws where a value makes no sense.</summary>
    /// <param name="vocabulary">How many tokens there are.</param>
    /// <exception cref="ArgumentException">One line that says what was found and what was expected.</exception>
    public void Validate(int vocabulary)
    {
        Require.That(Prompt.Count > 0, $"a prompt must have at least one token");
        foreach (int id in Prompt)
            Require.That((uint)id < (uint)vocabulary, $"the prompt has the id {id}, outside of the vocabulary of {vocabulary}");
        Sampling.Validate();
        Require.NotNegative(MostTokens, "number of tokens");
        Require.That(Likeliest is null or >= 0, $"the number of likeliest tokens must not be negative, it is {Likeliest}");
        SampleText.Check(Stops);
    }
}

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>A text or a token came that ends it.</summary>
    Stop,

    /// <summary>It has as many tokens as were asked for.</summary>
    Length,
}

/// <summary>A token, and what the model took to be likely in its place, before any option of sampling.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProbability">The logarithm of its probability, in nats; null of the first token of a prompt.</param>
/// <param name="Likeliest">The likeliest tokens in its place, likeliest first.</param>
public sealed record TokenProbability(int Id, double? LogProbability, IReadOnlyList<NextToken> Likeliest);

/// <summary>What comes of a text, piece by piece.</summary>
public sealed record GenerationStep
{
    /// <summary>The token that was chosen; null where none was: when the prompt has been read, or at the end.</summary>
    public int? Id { get; init; }

    /// <summary>The characters that are certain now: whole ones, and nothing that could still become a stop text.</summary>
    public string Text { get; init; } = "";

    /// <summary>The token's probability, where it was asked for.</summary>
    public TokenProbability? Probability { get; init; }

    /// <summary>The prompt's tokens with their probabilities, once, where they were asked for.</summary>
    public IReadOnlyList<TokenProbability>? Prompt { get; init; }

    /// <summary>Why the text ends here; null while it goes on.</summary>
    public FinishReason? Finish { get; init; }
}
