using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>What generation starts from.</summary>
public static class Prompt
{
    /// <summary>The ids of a prompt, with those that the model expects before a text; of an empty one <see cref="Start"/>.</summary>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say.</exception>
    public static int[] Of(string text, TransformerConfig config, ITokenizer tokenizer) =>
        text.Length == 0 ? [Start(config, tokenizer)] : [.. tokenizer.Ends.Before, .. tokenizer.Encode(text)];

    /// <summary>
    /// The id that stands for an empty prompt, since a model needs something to continue: the begin-of-text token where the configuration
    /// names one, else a line end where the vocabulary has one, else id 0.
    /// </summary>
    public static int Start(TransformerConfig config, ITokenizer? tokenizer)
    {
        if (config.BeginOfTextId is int id && id < config.VocabularySize)
            return id;

        IEnumerable<int> ids = Enumerable.Range(0, tokenizer?.VocabularySize ?? 0);
        return ids.FirstOrDefault(token => tokenizer!.TokenText(token) == "\n");
    }
}
