using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Explanation;

/// <summary>A second text beside the first, token against token: what is different in how their tokens look at each other.</summary>
/// <param name="Text">The second text, as far as it was read.</param>
/// <param name="Sequence">The text as the model sees it.</param>
public sealed record AgainstView(string Text, SequenceView Sequence)
{
    /// <summary>Throws where two texts do not have as many tokens.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void RequireSameLength(ITokenizer tokenizer, string text, string other)
    {
        (int tokens, int others) = (tokenizer.Encode(text).Length, tokenizer.Encode(other).Length);
        Require.That(tokens == others, $"two texts are laid over each other token by token, so both must have as many: the first has {tokens}, the other {others}");
    }
}
