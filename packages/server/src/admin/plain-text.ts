// Names and sentences that administrators give and people read: one line, and nothing in it that cannot be seen. What strangers
// send is cleaned instead (../text.ts); an administrator is told.

import { z } from 'zod'
import { isPlainText } from '../text.ts'

export const plainText = (most: number) =>
  z.string().trim().min(1).max(most).refine(isPlainText, 'a control or invisible character is in it')
