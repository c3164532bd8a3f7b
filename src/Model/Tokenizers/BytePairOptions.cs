namespace MiniGpt.Model.Tokenizers;

/// <summary>What a byte-level BPE does to a text before and beside its merges.</summary>
internal sealed record BytePairOptions
{
    private static readonly HashSet<int> s_none = [];

    /// <summary>GPT-2's: its pattern, and nothing else.</summary>
    public static BytePairOptions Gpt2 { get; } = new();

    /// <summary>Cuts the text.</summary>
    public PreTokenizer PreTokenizer { get; init; } = PreTokenizer.Gpt2;

    /// <summary>Whether a space is put before the text, and before what stands behind a special token, where there is none.</summary>
    public bool AddsPrefixSpace { get; init; }

    /// <summary>Whether a piece that is a token is that token, whatever merges would make of it.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>Whether characters are put together with their accents first (NFC).</summary>
    public bool Composes { get; init; }

    /// <summary>Tokens that no text is made of, as some files have them in holes of a vocabulary.</summary>
    public IReadOnlySet<int> UnusedIds { get; init; } = s_none;

    /// <summary>The ids round a whole text.</summary>
    public TextEnds Ends { get; init; } = TextEnds.None;
}
