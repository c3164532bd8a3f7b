using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <content>The model that the options of a run describe.</content>
public sealed partial record TrainingOptions
{
    /// <summary>The same for a model of another family: what belongs to the family is the family's again.</summary>
    /// <exception cref="ArgumentException">There is no such family.</exception>
    public TrainingOptions WithArchitecture(string name) => this with
    {
        Architecture = ModelFamily.Of(name) == Gpt2.Family ? null : name,
        Activation = null,
        Positions = null,
    };

    /// <summary>The model that these options train.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="tokenizer">
    /// The tokenizer of the data. Its end-of-text token begins a text as well as it ends one, as in GPT-2; where it has none the model has none.
    /// </param>
    /// <param name="sourceTokenizer">The tokenizer of the texts that a translator reads, where each language has its own.</param>
    /// <exception cref="ArgumentException">There is no such architecture.</exception>
    public TransformerConfig ToConfig(int vocabularySize, ITokenizer? tokenizer = null, ITokenizer? sourceTokenizer = null)
    {
        ModelSizes sizes = new(vocabularySize, Context, Layers, Heads, Width) { KeyHeads = KeyHeads ?? 0, HeadSize = HeadSize ?? 0 };
        TransformerConfig family = ModelFamily.Of(Architecture ?? Gpt2.Family.Name).Configure(sizes);
        Require.That(family is { Kind: ModelKind.Decoder, Recurrence: null } || family.Kind == KindOf(Task),
            $"a model of the architecture {family.Architecture} does not learn the task {OptionNames.Of(Task)}");
        if (family.Recurrence is not null)
        {
            return family with
            {
                Head = Head ?? family.Head,
                Dropout = Dropout,
                BeginOfTextId = tokenizer?.EndOfTextId,
                EndOfTextId = tokenizer?.EndOfTextId,
            };
        }

        int? padding = Task == TaskKind.Next ? null
            : (tokenizer as SubwordTokenizer)?.SpecialIdOf(Task == TaskKind.Translate ? TranslationMarks.Padding : WordPieceTokenizer.Padding);
        return family with
        {
            Attention = family.Attention with
            {
                HasBias = Biases ?? family.Attention.HasBias,
                HasOutputBias = Biases ?? family.Attention.HasOutputBias,
                NormsQueriesAndKeys = NormsQueriesAndKeys ?? family.Attention.NormsQueriesAndKeys,
                IsCausal = Task != TaskKind.Masked,
                Window = Window ?? family.Attention.Window,
            },
            Norm = family.Norm with
            {
                Kind = Norm ?? family.Norm.Kind,
                Place = NormPlace ?? family.Norm.Place,
                HasBias = Biases ?? family.Norm.HasBias,
            },
            FeedForward = family.FeedForward with
            {
                Width = Gated == true ? sizes.GatedWidth : Gated == false ? 0 : family.FeedForward.Width,
                Activation = Activation ?? family.FeedForward.Activation,
                IsGated = Gated ?? family.FeedForward.IsGated,
                HasBias = Biases ?? family.FeedForward.HasBias,
            },
            Positions = family.Positions with
            {
                Kind = Positions ?? family.Positions.Kind,
                RotaryBase = RotaryBase ?? family.Positions.RotaryBase,

                // A causal mask tells neighbours apart by itself. An encoder has positions alone, and with drawn ones it learns for thousands of
                // steps how frequent words are before it finds out what stands beside a mask.
                FirstWaves = Task == TaskKind.Masked ? 0.1 : 0,
            },
            Head = Head ?? family.Head,
            Source = Task == TaskKind.Translate ? ToSource(family.Source ?? new(), tokenizer, sourceTokenizer) : null,
            StartsAsIdentity = StartsAsIdentity,
            Dropout = Dropout,
            PaddingId = padding,
            BeginOfTextId = Task == TaskKind.Translate ? padding : tokenizer?.EndOfTextId,
            EndOfTextId = tokenizer?.EndOfTextId,
        };
    }

    private SourceConfig ToSource(SourceConfig source, ITokenizer? tokenizer, ITokenizer? sourceTokenizer) => SourceTokenizer is null || sourceTokenizer is null
        ? source
        : source with
        {
            VocabularySize = sourceTokenizer.VocabularySize,
            EndOfTextId = sourceTokenizer.EndOfTextId == tokenizer?.EndOfTextId ? null : sourceTokenizer.EndOfTextId,
        };

    /// <summary>The kind of model that learns a task.</summary>
    public static ModelKind KindOf(TaskKind task) => task switch
    {
        TaskKind.Masked => ModelKind.Encoder,
        TaskKind.Translate => ModelKind.Translator,
        _ => ModelKind.Decoder,
    };

    /// <summary>What a model of a kind learns.</summary>
    public static TaskKind TaskOf(ModelKind kind) => kind switch
    {
        ModelKind.Encoder => TaskKind.Masked,
        ModelKind.Translator => TaskKind.Translate,
        _ => TaskKind.Next,
    };
}
